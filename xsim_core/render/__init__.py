"""Pictures by SAPIEN on any Vulkan device: shapes, textures, lights, the room, robot and sensor."""
