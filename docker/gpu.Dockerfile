# Stages with CUDA backends (splat: gsplat; ppo, diffusion: torch on the device), over cpu.Dockerfile
# built on a CUDA base with nvcc, which compiles gsplat's kernels at their first use:
#   docker build -f docker/cpu.Dockerfile -t xsim-cuda --build-arg BASE_IMAGE=nvidia/cuda:12.8.1-devel-ubuntu22.04 .
#   docker build -f docker/gpu.Dockerfile -t xsim-gpu --build-arg BASE_IMAGE=xsim-cuda .
ARG BASE_IMAGE=xsim-cuda
FROM ${BASE_IMAGE}
ARG PIP_INDEX_URL
ARG PIP_FIND_LINKS
USER root
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends "$(/opt/venv/bin/python -c 'import sys; print("python%d.%d-dev" % sys.version_info[:2])')" \
 && rm -rf /var/lib/apt/lists/*
COPY requirements-gpu.lock ./
RUN /opt/venv/bin/python -m pip install -q --no-cache-dir --no-deps --require-hashes -r requirements-gpu.lock
# Graphics among them: SAPIEN renders through the driver's Vulkan.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all XSIM_DEVICE=cuda:0 \
    TORCH_EXTENSIONS_DIR=/data/cache/torch_extensions
USER xsim
# SAPIEN would fetch it when a GPU is first asked for. WITH_PHYSX_GPU=0 builds without a network.
ARG WITH_PHYSX_GPU=1
RUN [ "$WITH_PHYSX_GPU" = 0 ] || python -m xsim_core.sim.maniskill.physx_gpu
