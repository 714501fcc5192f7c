# Every stage on a CPU, and what the other images stand on. The base: Debian 12 or 13, Ubuntu, or
# what has their package lists; where python3 is none that will do, set-up installs a Python 3.11.
# docker build -f docker/cpu.Dockerfile -t xsim-cpu .
ARG BASE_IMAGE=debian:12
FROM ${BASE_IMAGE}
# How the registries are reached from where the image is built. None of it stays in the image.
ARG PIP_INDEX_URL
ARG PIP_FIND_LINKS
ARG XSIM_TORCH_INDEX_URL
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends python3 python3-venv g++ git ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/xsim
COPY requirements.lock requirements-torch.lock pyproject.toml prefect.yaml README.md LICENSE NOTICE ./
COPY deployments deployments
COPY xsim_core xsim_core
COPY tasks tasks
COPY flows flows
# Also fetches Mesa's lavapipe when the base has no Vulkan driver that SAPIEN accepts.
RUN PIP_NO_CACHE_DIR=1 bash deployments/setup/setup.sh /opt/venv
# The volume holds the store, the compiled rasteriser and the Prefect server's files, its pages among
# them, which it would unpack into the environment. prefect.yaml names captures below .xsim.
ENV PATH=/opt/venv/bin:$PATH XSIM_HOME=/data XSIM_CACHE=/data/cache OMP_NUM_THREADS=1 \
    PREFECT_SERVER_UI_STATIC_DIRECTORY=/data/cache/prefect-ui
RUN useradd --create-home xsim && mkdir /data && chown xsim /data && ln -s /data .xsim
USER xsim
VOLUME /data
ENTRYPOINT ["xsim"]
CMD ["doctor"]
