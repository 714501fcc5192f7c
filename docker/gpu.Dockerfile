# Stages with CUDA backends (splat: gsplat; ppo, diffusion: torch on the device). The base needs
# Python 3.11, nvcc for gsplat's kernels, and a driver that passes Vulkan through for SAPIEN.
ARG BASE_IMAGE=nvidia/cuda:12.8.1-devel-ubuntu22.04
FROM ${BASE_IMAGE}
ARG PYTHON=python3.11
ENV DEBIAN_FRONTEND=noninteractive NVIDIA_DRIVER_CAPABILITIES=all
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends \
      ${PYTHON} ${PYTHON}-venv ${PYTHON}-dev g++ git ca-certificates libgl1 libglib2.0-0 libx11-6 libvulkan1 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/xsim
COPY requirements.lock pyproject.toml ./
COPY deployments deployments
COPY xsim_core xsim_core
COPY tasks tasks
COPY flows flows
COPY prefect.yaml README.md* ./
RUN PYTHON=${PYTHON} bash deployments/setup/setup.sh /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir "gsplat>=1.5.3"
ENV PATH=/opt/venv/bin:$PATH XSIM_HOME=/data XSIM_DEVICE=cuda:0 OMP_NUM_THREADS=1
VOLUME /data
ENTRYPOINT ["xsim"]
CMD ["doctor"]
