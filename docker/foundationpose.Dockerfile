# A worker for pose_track's backend 'foundationpose', over cpu.Dockerfile built on an image that has
# FoundationPose. X-Sim keeps to its own Python and calls a command of that image through files:
# xsim_core/pose_track/_foundationpose.py says which, tests/pose_track/fake_foundationpose.py obeys
# it. FoundationPose, its weights and its licence (NVIDIA: research and evaluation only) come with
# the base; nothing of them is in this repository.
#   docker build -f docker/cpu.Dockerfile -t xsim-fp-base --build-arg BASE_IMAGE=<yours> .
#   docker build -f docker/foundationpose.Dockerfile -t xsim-foundationpose --build-arg BASE_IMAGE=xsim-fp-base \
#     --build-arg COMMAND="/opt/foundationpose/run {input} {output}" .
ARG BASE_IMAGE=xsim-fp-base
FROM ${BASE_IMAGE}
ARG COMMAND
ENV XSIM_FOUNDATIONPOSE_COMMAND=${COMMAND} NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
CMD ["worker", "xsim-foundationpose"]
