#include "clip/towers.h"

#include "clip/device/towers.h"
#include "clip/host_towers.h"

namespace clip4j {

std::unique_ptr<VisionTower> VisionTower::make(const clip4j_config& config, clip4j_precision precision,
                                               const std::optional<torch::Place>& place) {
  if (!place) return std::make_unique<HostVisionTower>(config, precision);
  return std::make_unique<DeviceVisionTower>(config, *place);
}

std::unique_ptr<TextTower> TextTower::make(const clip4j_config& config, clip4j_precision precision,
                                           const std::optional<torch::Place>& place) {
  if (!place) return std::make_unique<HostTextTower>(config, precision);
  return std::make_unique<DeviceTextTower>(config, *place);
}

}  // namespace clip4j
