/* The C ABI of libclip4j: images and texts to CLIP embeddings. Neither libtorch nor OpenCV types cross it.
 *
 * Ownership: who allocates frees, unless a line says otherwise. All pointers are borrowed for the call alone.
 * Every function is safe from any thread. A model may be used by many threads at once after clip4j_model_finish,
 * and freed only when none uses it. Calling threads run no operation of libtorch's: each model has a lane, a thread of its own.
 */
#ifndef CLIP4J_H
#define CLIP4J_H

#include "clip4j_status.h"

typedef struct clip4j_model clip4j_model;

/* GELU_TANH is gelu's approximation by tanh, transformers' gelu_pytorch_tanh. */
typedef enum clip4j_activation { CLIP4J_QUICK_GELU = 0, CLIP4J_GELU = 1, CLIP4J_GELU_TANH = 2 } clip4j_activation;
typedef enum clip4j_dtype { CLIP4J_F32 = 0, CLIP4J_F16 = 1, CLIP4J_BF16 = 2 } clip4j_dtype;

/* What the towers' layers multiply: 32-bit floats; bfloat16; 16-bit floats, on a device alone; 8-bit integers, weights
 * with a scale an output and activations with a scale and a zero a row, on the CPU alone. AUTO: the fastest on this CPU;
 * BF16 on a device. */
typedef enum clip4j_precision {
  CLIP4J_PRECISION_FP32 = 0,
  CLIP4J_PRECISION_BF16 = 1,
  CLIP4J_PRECISION_FP16 = 2,
  CLIP4J_PRECISION_INT8 = 3,
  CLIP4J_PRECISION_AUTO = 4
} clip4j_precision;

/* Where the towers run: on a CUDA device, by its number in this process, or here. */
#define CLIP4J_CPU (-1)

/* One transformer tower. Norms and what they serve, attention and MLP, take turns in it, a norm first and a norm last:
 * layers.0.layer_norm1, layers.0.layer_norm2, layers.1.layer_norm1 and so on to the tower's own last norm. post_norm says
 * where residuals begin: 0, before a norm, so that they pass it by (CLIP); 1, behind it (BERT, whose embeddings.LayerNorm
 * is thus layers.0.layer_norm1, and whose layers' output.LayerNorm is the next layer's layer_norm1 or the last norm). */
typedef struct clip4j_tower {
  int32_t hidden_size;
  int32_t intermediate_size;
  int32_t layers;
  int32_t heads;
  int32_t activation; /* clip4j_activation */
  float layer_norm_eps;
  int32_t post_norm;
} clip4j_tower;

/* What becomes of a picture's patches. CLASS_TOKEN: a token before them is read (CLIP). ATTENTION: a learned query
 * attends to all of them, and an MLP follows (SigLIP). */
typedef enum clip4j_vision_pooling { CLIP4J_CLASS_TOKEN = 0, CLIP4J_ATTENTION = 1 } clip4j_vision_pooling;
/* How position embeddings are interpolated: torch's bicubic as it is (transformers), or antialiased (OpenCLIP). */
typedef enum clip4j_position_filter { CLIP4J_BICUBIC = 0, CLIP4J_BICUBIC_ANTIALIASED = 1 } clip4j_position_filter;
/* Where a text is read. END_OF_TEXT: at its end; what follows is left out (CLIP). LAST: at its last token, padding
 * or not (SigLIP). FIRST: at its first token (BERT). MEAN: at all of them, by their mean (OpenCLIP with XLM-R). The latter
 * two take texts without padding. */
typedef enum clip4j_text_pooling {
  CLIP4J_END_OF_TEXT = 0,
  CLIP4J_LAST = 1,
  CLIP4J_FIRST = 2,
  CLIP4J_MEAN = 3
} clip4j_text_pooling;

/* A model's sizes, as in Hugging Face's config.json, and what its towers are made of. */
typedef struct clip4j_config {
  clip4j_tower vision;
  clip4j_tower text;
  int32_t image_size;
  int32_t patch_size;
  int32_t vocabulary_size;
  int32_t max_positions;
  int32_t end_of_text_id; /* -1: the position of the largest id (configs whose eos_token_id is 2) */
  int32_t projection_dim; /* an embedding's length */
  int32_t position_grid;  /* the stored position embeddings are for so many patches a side; where image_size makes
                             another number they are interpolated */
  int32_t position_filter; /* clip4j_position_filter */
  int32_t text_projection_hidden; /* 0: the text's projection is one matrix; else one to so many values comes before it,
                                     text_projection_inner, with gelu between them (OpenCLIP's hf_proj_type mlp) */
  int32_t vision_pooling; /* clip4j_vision_pooling */
  int32_t text_pooling;   /* clip4j_text_pooling */
  /* From here on 1 is yes, 0 no. */
  int32_t patch_bias;
  int32_t pre_norm;          /* a layer norm between a picture's tokens and their encoder */
  int32_t vision_projection; /* a matrix behind the vision tower; no: its hidden_size is projection_dim */
  int32_t causal_text;       /* a text's tokens see those before them only; no: all see all, padding included. Not with FIRST */
  int32_t text_bias;         /* the text's projection has a bias; it is called text_model.head then */
  int32_t logit_bias;        /* there is one, and logit_scale has one dimension as it does, not none */
  int32_t token_type;        /* a row, token_type_embedding, that is added to each of a text's tokens */
} clip4j_config;

typedef enum clip4j_resize_mode {
  CLIP4J_NO_RESIZE = 0,
  CLIP4J_SHORTER_SIDE = 1, /* the shorter side becomes resize_height, the other rounds down */
  CLIP4J_EXACT = 2,        /* resize_height x resize_width */
  CLIP4J_FIT = 3           /* as large as fits into resize_height x resize_width, sides rounded half to even */
} clip4j_resize_mode;

/* Where a centre crop begins when its margin is an odd number of pixels. Around a picture that is smaller than its
 * crop the odd pixel lies before it (round down) or behind it (half to even). */
typedef enum clip4j_crop_rounding {
  CLIP4J_ROUND_DOWN = 0,     /* transformers' CLIPImageProcessor */
  CLIP4J_ROUND_HALF_EVEN = 1 /* torchvision's CenterCrop, so OpenCLIP's and OpenAI's */
} clip4j_crop_rounding;

/* How an encoded image becomes the model's input. Sizes in pixels, order height, width. */
typedef struct clip4j_preprocessing {
  int32_t resize_mode;   /* clip4j_resize_mode */
  int32_t resize_height;
  int32_t resize_width;
  int32_t resample;      /* Pillow's numbers: 0 nearest, 1 lanczos, 2 bilinear, 3 bicubic, 4 box, 5 hamming */
  int32_t crop_height;   /* 0: no centre crop */
  int32_t crop_width;
  int32_t crop_rounding; /* clip4j_crop_rounding */
  int32_t fill;          /* 0xRRGGBB, around a picture that is smaller than its crop */
  float scale;           /* multiplies the 8-bit value, usually 1/255 */
  float mean[3];
  float std[3];
  int32_t apply_exif_orientation; /* 0: as stored (the reference's behaviour), 1: upright */
  int32_t background;    /* -1: alpha is dropped (Pillow's convert("RGB")), else 0xRRGGBB to composite over */
  int32_t formats;       /* bits: 1 JPEG, 2 PNG, 4 WebP, 8 GIF, 16 BMP, 32 TIFF */
  int64_t max_encoded_bytes;
  int64_t max_pixels;    /* of the picture as its header declares it */
} clip4j_preprocessing;

typedef enum clip4j_image_kind { CLIP4J_PATH = 0, CLIP4J_ENCODED = 1, CLIP4J_RGB = 2 } clip4j_image_kind;

/* One picture: a file name (bytes, not null-terminated), an encoded file's bytes, or 8-bit RGB pixels, row-major. */
typedef struct clip4j_image {
  const uint8_t* data;
  int64_t size;   /* bytes of data; for RGB exactly 3 * width * height */
  int32_t kind;   /* clip4j_image_kind */
  int32_t width;  /* RGB only */
  int32_t height; /* RGB only */
  int32_t reserved;
} clip4j_image;

/* What became of one picture. `message` says WHAT is wrong, without the picture's name; null-terminated UTF-8. */
typedef struct clip4j_outcome {
  int32_t status; /* clip4j_status */
  char message[252];
} clip4j_outcome;

/* Memory that a model holds, native or its device's, in bytes. scratch: pictures on their way to the encoder, and what
 * 8-bit and 16-bit precisions compute in, kept from the first encoding on; float32 and devices compute in tensors of
 * libtorch's, which come and go. */
typedef struct clip4j_memory {
  int64_t vision_weights;
  int64_t text_weights;
  int64_t scratch;
} clip4j_memory;

/* Where the time of a call went, in milliseconds of wall time. Where a device encodes while the CPU preprocesses,
 * encode_ms is what the call then still waited for. */
typedef struct clip4j_timings {
  double preprocess_ms;
  double encode_ms;
} clip4j_timings;

/* The text of this thread's last failed call; owned by the library, valid until the thread's next call. */
CLIP4J_API const char* clip4j_last_error(void);
/* Bytes and handles that this library has given out and not yet got back. */
CLIP4J_API int64_t clip4j_live_bytes(void);
CLIP4J_API int64_t clip4j_live_handles(void);

/* Has libtorch create what it otherwise creates when its operations first run. exit() destroys such objects before the
 * handlers that were registered when libraries were loaded: call this after loading the library, while the process
 * cannot exit yet, and from then on it may exit whatever is running. Without it the first model does it. */
CLIP4J_API int32_t clip4j_start(void);

/* A model in three steps: create (CLIP4J_INVALID_ARGUMENT where the sizes do not agree with one another), read every
 * tensor, which packs it, finish. *model is the caller's from create on, to give back with clip4j_model_free (null is
 * allowed). threads: cores that one encoding may use, 0 or too many = all that this process has. precision:
 * clip4j_precision. device: CLIP4J_CPU or a CUDA device's number. CLIP4J_UNSUPPORTED where libtorch cannot compute there,
 * or precision and model are not for that device. */
CLIP4J_API int32_t clip4j_model_create(const clip4j_config* config, int32_t threads, int32_t precision,
                                       int32_t device, clip4j_model** model);
/* The precision that AUTO became, or the one that was asked for. */
CLIP4J_API int32_t clip4j_model_precision(const clip4j_model* model, int32_t* precision);
/* What multiplies its matrices: "libtorch", or a kernel of clip4j's, by instruction set: "scalar", "avx2", "avxvnni",
 * "avx512", "avx512vnni", "avx512bf16" or "amx". Static text. */
CLIP4J_API int32_t clip4j_model_kernel(const clip4j_model* model, const char** kernel);
/* Has the device of a model preprocess pictures, by a kernel of libclip4j_search_cuda (null-terminated path): the CPU
 * decodes them, and the results are the same. Before other threads use the model. CLIP4J_MISSING, CLIP4J_UNSUPPORTED and
 * others where that does not work here: the model is as it was then, and the CPU preprocesses. */
CLIP4J_API int32_t clip4j_model_preprocess_on_gpu(clip4j_model* model, const char* library);
/* Whether the model wants a tensor of this Hugging Face name: 1 or 0; 0 also where an argument is null. Of a pooling by
 * attention the in_proj is not one tensor but q_proj, k_proj and v_proj, as everywhere else. */
CLIP4J_API int32_t clip4j_model_wants(const clip4j_model* model, const char* name);
/* Reads one tensor from the file `path` (null-terminated) at `offset`, in bytes; the shape must be what the config
 * implies, else CLIP4J_INVALID_ARGUMENT with both shapes. Non-finite weights are CLIP4J_CORRUPT, and so is a file that
 * ends too early. A name the model does not want is CLIP4J_INVALID_ARGUMENT, and so is reading one twice. Where memory
 * ends while a tensor is packed (CLIP4J_OUT_OF_MEMORY), the model cannot be finished any more. */
CLIP4J_API int32_t clip4j_model_read(clip4j_model* model, const char* name, const char* path, int64_t offset,
                                     int32_t dtype, const int64_t* shape, int32_t dimensions);
/* CLIP4J_MISSING, with its name, where a tensor was not read. Calls that embed, and those for logit_scale and
 * logit_bias, are CLIP4J_INVALID_ARGUMENT before it. */
CLIP4J_API int32_t clip4j_model_finish(clip4j_model* model);
CLIP4J_API void clip4j_model_free(clip4j_model* model);
/* How often a device had too little memory for a batch, so that from then on it got half. */
CLIP4J_API int32_t clip4j_model_times_halved(const clip4j_model* model, int32_t* times);
/* Waits for encodings that are under way. */
CLIP4J_API int32_t clip4j_model_memory(const clip4j_model* model, clip4j_memory* memory);
/* exp(logit_scale): what cosines are multiplied by before CLIP's softmax or SigLIP's sigmoid. */
CLIP4J_API int32_t clip4j_model_logit_scale(const clip4j_model* model, float* scale);
/* What is then added; 0 where the model has no logit_bias. */
CLIP4J_API int32_t clip4j_model_logit_bias(const clip4j_model* model, float* bias);

/* Embeds n pictures. Row r of `rows` (room for n x projection_dim floats) is the unit-length embedding of the
 * r-th picture that succeeded, in input order; *row_count says how many did. outcomes has n entries. A failed picture
 * does not fail the call, and one whose embedding is zero or not finite has failed, as CLIP4J_CORRUPT. timings may be
 * null. Preprocessing must end at the model's image_size, else CLIP4J_INVALID_ARGUMENT, of the call or of a picture. */
CLIP4J_API int32_t clip4j_embed_images(const clip4j_model* model, const clip4j_preprocessing* preprocessing,
                                       const clip4j_image* images, int32_t n, float* rows, int32_t* row_count,
                                       clip4j_outcome* outcomes, clip4j_timings* timings);

/* Embeds n texts: `ids` are all token ids one after another, lengths[i] of them for text i (1 to max_positions,
 * begin and end tokens included; padded as in training where the text_pooling is LAST). rows: n x projection_dim, unit
 * length. timings may be null. Ids that the model does not read are CLIP4J_INVALID_ARGUMENT, an embedding that is zero or
 * not finite is CLIP4J_CORRUPT; both name the text's number, and then nothing in rows counts. */
CLIP4J_API int32_t clip4j_embed_texts(const clip4j_model* model, const int32_t* ids, const int32_t* lengths,
                                      int32_t n, float* rows, clip4j_timings* timings);

/* The 8-bit picture that would be normalised: crop (or resized picture where there is no crop). Call with
 * pixels = null to learn height and width; then with room for capacity >= 3 * height * width bytes, else
 * CLIP4J_INVALID_ARGUMENT. What is wrong with the picture is the status. */
CLIP4J_API int32_t clip4j_preprocess(const clip4j_preprocessing* preprocessing, const clip4j_image* image,
                                     uint8_t* pixels, int64_t capacity, int32_t* height, int32_t* width);

/* Whether models can run on a CUDA device: writes a line about it, null-terminated and cut to `capacity`, e.g. "NVIDIA
 * H100 80GB HBM3, compute capability 9.0, 79 GiB, driver for CUDA 13.0". CLIP4J_UNSUPPORTED, with what is missing and
 * what to do, where they cannot. */
CLIP4J_API int32_t clip4j_cuda_device(int32_t device, char* line, int32_t capacity);
/* libtorch's version as its ABI reports it, e.g. "2.10.0"; static text. */
CLIP4J_API const char* clip4j_torch_version(void);
/* OpenCV's version, e.g. "4.13.0"; static text. */
CLIP4J_API const char* clip4j_opencv_version(void);

#endif
