# FoundationPose beside X-Sim: pose_track writes frames, depth, mesh and box to a folder, calls
# XSIM_FOUNDATIONPOSE_COMMAND, and reads poses back. FoundationPose itself, its weights and its
# licence (NVIDIA, non-commercial) come with the base image; nothing of it is in this repository.
ARG BASE_IMAGE=shingarey/foundationpose_custom_cuda121:latest
FROM ${BASE_IMAGE}
WORKDIR /opt/xsim
COPY docker/README.md ./
ENTRYPOINT ["/bin/bash"]
