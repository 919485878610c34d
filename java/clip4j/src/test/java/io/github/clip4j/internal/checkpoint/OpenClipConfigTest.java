package io.github.clip4j.internal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenClipConfigTest {
  private static final Path FILE = Path.of("x.bin");

  private static Json json(String text) {
    return Json.parse("open_clip_config.json", text.replace('\'', '"'));
  }

  /** Of weights that nobody needs to look at. */
  private static ClipConfig config(String model) {
    return OpenClip.config(json(model), new TensorSizes(FILE, List.of()));
  }

  private static void assertUnsupported(String words, Runnable read) {
    Clip4jException failure = assertThrows(Clip4jException.class, read::run);
    assertEquals(Kind.UNSUPPORTED, failure.kind(), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  @Test
  void defaultsAreThoseOfOpenClip() {
    ClipConfig config = config("{}");
    assertEquals(new ClipConfig.Tower(768, 3072, 12, 12, 1, 1e-5f), config.image().tower());
    assertEquals(new ClipConfig.Tower(512, 2048, 12, 8, 1, 1e-5f), config.text().tower());
    assertEquals(224, config.image().size());
    assertEquals(16, config.image().patchSize());
    assertEquals(49408, config.text().vocabularySize());
    assertEquals(77, config.text().maxPositions());
    assertEquals(-1, config.text().endOfTextId());
    PreprocessorConfig preprocessor = OpenClip.preprocessor(json("{}"), 224);
    PreprocessorConfig ofTransformers =
        PreprocessorConfig.of(Json.parse("preprocessor_config.json", "{}"), Family.CLIP);
    assertEquals(ofTransformers.resample(), preprocessor.resample());
    assertArrayEquals(ofTransformers.mean(), preprocessor.mean());
    assertArrayEquals(ofTransformers.std(), preprocessor.std());
    assertEquals(ofTransformers.resizeMode(), preprocessor.resizeMode());
    assertEquals(ofTransformers.cropHeight(), preprocessor.cropHeight());
  }

  /** As published: ViT-bigG-14's towers, with every field that OpenCLIP writes and does not use. */
  @Test
  void sizes() {
    ClipConfig config =
        config(
            "{'embed_dim':1280,'quick_gelu':true,'custom_text':false,'init_logit_bias':null,"
                + "'vision_cfg':{'image_size':[224,224],'layers':48,'width':1664,"
                + "'head_width':104,'mlp_ratio':4.9231,'patch_size':14,'patch_dropout':0.5,"
                + "'timm_model_name':null,'timm_pool':'avg','act_kwargs':{},'pool_type':'tok',"
                + "'qk_norm':false},"
                + "'text_cfg':{'context_length':64,'vocab_size':100,'width':1280,'heads':20,"
                + "'layers':32,'pool_type':'argmax','proj_type':'linear','pad_id':1}}");
    assertEquals(new ClipConfig.Tower(1664, 8192, 48, 16, 0, 1e-5f), config.image().tower());
    assertEquals(new ClipConfig.Tower(1280, 5120, 32, 20, 0, 1e-5f), config.text().tower());
    assertEquals(224, config.image().size());
    assertEquals(64, config.text().maxPositions());
    assertEquals(1280, config.projectionDim());
  }

  /** In Python int(100 * 2.3) is 229, and in float32 100 * 2.3 is 230. */
  @Test
  void mlpRatioIsMultipliedInFloat64() {
    ClipConfig config =
        config("{'vision_cfg':{'width':100,'head_width':50,'mlp_ratio':2.3},'text_cfg':{}}");
    assertEquals(229, config.image().tower().intermediate());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'multimodal_cfg':{'width':512}}",
        "{'init_logit_bias':-10}",
        "{'nonscalar_logit_scale':true}",
        "{'something_new':1}",
        "{'vision_cfg':{'layers':[3,4,6,3]}}",
        "{'vision_cfg':{'timm_model_name':'vit_base_patch16_siglip_224'}}",
        "{'vision_cfg':{'pool_type':'avg'}}",
        "{'vision_cfg':{'attentional_pool':true}}",
        "{'vision_cfg':{'ls_init_value':0}}",
        "{'vision_cfg':{'no_ln_pre':true}}",
        "{'vision_cfg':{'pos_embed_type':'sin_cos_2d'}}",
        "{'vision_cfg':{'norm_kwargs':{'eps':1e-6}}}",
        "{'vision_cfg':{'image_size':[224,112]}}",
        "{'text_cfg':{'pool_type':'last'}}",
        "{'text_cfg':{'proj_type':'none'}}",
        "{'text_cfg':{'no_causal_mask':true}}",
        "{'text_cfg':{'embed_cls':true}}",
        "{'text_cfg':{'hf_model_name':'google/mt5-base'}}",
        "{'text_cfg':{'hf_model_name':'roberta-base','hf_pooler_type':'cls_pooler'}}",
        "{'text_cfg':{'hf_model_name':'roberta-base','hf_proj_type':'none'}}",
        "{'text_cfg':{'hf_model_name':'roberta-base','hf_tokenizer_name':'t5-base'}}",
        "{'text_cfg':{'hf_model_name':'roberta-base','tokenizer_kwargs':{'strip_sep_token':true}}}",
        "{'text_cfg':{'hf_tokenizer_name':'timm/ViT-B-16-SigLIP'}}",
        "{'text_cfg':{'tokenizer_kwargs':{'clean':'canonicalize'}}}",
      })
  void towersThatAreNotClips(String model) {
    assertUnsupported("open_clip_config.json: ", () -> config(model));
  }

  @Test
  void preprocessing() {
    PreprocessorConfig squash =
        OpenClip.preprocessor(
            json("{'size':[1,2],'interpolation':'bilinear','resize_mode':'squash','std':0.5}"), 64);
    assertEquals(2, squash.resizeMode());
    assertEquals(64, squash.resizeWidth());
    assertEquals(2, squash.resample());
    assertEquals(0, squash.cropHeight());
    assertArrayEquals(new float[] {0.5f, 0.5f, 0.5f}, squash.std());
    for (String unknown :
        new String[] {"'resize_mode':'crop'", "'interpolation':'lanczos'", "'mode':'L'"}) {
      assertUnsupported("supported: ", () -> OpenClip.preprocessor(json("{" + unknown + "}"), 64));
    }
    PreprocessorConfig longest =
        OpenClip.preprocessor(json("{'resize_mode':'longest','fill_color':255}"), 64);
    assertEquals(3, longest.resizeMode());
    assertEquals(64, longest.cropWidth());
    assertEquals(0xFFFFFF, longest.fill());
    Clip4jException wrong =
        assertThrows(
            Clip4jException.class, () -> OpenClip.preprocessor(json("{'fill_color':256}"), 64));
    assertEquals(Kind.CORRUPT, wrong.kind());
  }

  private static Tensor tensor(String name, long... shape) {
    return new Tensor(name, "F16", shape, 1000, false);
  }

  @ParameterizedTest
  @CsvSource({
    "text.ln_final.bias, text_model.final_layer_norm.bias",
    "visual.transformer.resblocks.11.mlp.c_fc.weight, vision_model.encoder.layers.11.mlp.fc1.weight",
    "transformer.resblocks.0.ln_2.bias, text_model.encoder.layers.0.layer_norm2.bias",
    "text.transformer.resblocks.0.attn.out_proj.bias, text_model.encoder.layers.0.self_attn.out_proj.bias",
  })
  void names(String openClip, String huggingFace) {
    List<Tensor> renamed = OpenClipWeights.renamed(FILE, List.of(tensor(openClip, 6)));
    assertEquals(1, renamed.size());
    assertEquals(huggingFace, renamed.get(0).name());
    assertEquals(1000, renamed.get(0).offset());
    assertFalse(renamed.get(0).transposed());
  }

  @Test
  void attentionIsThreeMatrices() {
    Tensor all = tensor("transformer.resblocks.3.attn.in_proj_weight", 12, 4);
    List<Tensor> parts = OpenClipWeights.renamed(FILE, List.of(all));
    for (int i = 0; i < 3; i++) {
      Tensor part = parts.get(i);
      String name = "text_model.encoder.layers.3.self_attn." + "qkv".charAt(i) + "_proj.weight";
      assertEquals(name, part.name());
      assertEquals(1000 + i * 32, part.offset());
      assertArrayEquals(new long[] {4, 4}, part.shape());
    }
  }

  @Test
  void aProjectionIsTransposedTwiceAtTheMost() {
    Tensor stored = new Tensor("text_projection", "F16", new long[] {4, 3}, 1000, true);
    Tensor renamed = OpenClipWeights.renamed(FILE, List.of(stored)).get(0);
    assertArrayEquals(new long[] {3, 4}, renamed.shape());
    assertFalse(renamed.transposed());
  }

  /** A part of its rows is in no one place of the file. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "transformer.resblocks.0.attn.in_proj_weight",
        "vision_model.head.attention.in_proj_weight",
        "text.transformer.embeddings.position_embeddings.weight",
        "text.transformer.embeddings.token_type_embeddings.weight",
      })
  void aMatrixThatIsSplitAndStoredTransposed(String name) {
    List<Tensor> tensors = List.of(new Tensor(name, "F32", new long[] {12, 4}, 1000, true));
    assertUnsupported(
        "x.bin: tensor " + name + " is not contiguous: save it after contiguous()",
        () -> {
          if (name.startsWith("vision_model.")) {
            Siglip.renamed(FILE, tensors);
          } else {
            Roberta.renamed(FILE, tensors, config("{}"));
          }
        });
  }

  /** What is in the weights and not in the computation must not be left out without a word. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "logit_bias",
        "visual.transformer.resblocks.0.ls_1.gamma",
        "visual.trunk.blocks.0.attn.qkv.weight",
        "visual.attn_pool.query",
        "text.cls_emb",
        "text.text_projection.weight",
        "module.visual.proj",
      })
  void tensorsThatClipHasNot(String name) {
    List<Tensor> tensors = List.of(tensor(name, 6, 6));
    assertUnsupported("x.bin: tensor " + name, () -> OpenClipWeights.renamed(FILE, tensors));
  }

  @Test
  void shapesThatCannotBe() {
    for (Tensor tensor :
        List.of(
            tensor("visual.proj", 6),
            tensor("transformer.resblocks.0.attn.in_proj_bias"),
            tensor("transformer.resblocks.0.attn.in_proj_weight", 7, 3))) {
      assertUnsupported(tensor.name(), () -> OpenClipWeights.renamed(FILE, List.of(tensor)));
    }
  }
}
