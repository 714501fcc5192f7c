# Every stage on a CPU, from the lock. Build: docker build -f docker/cpu.Dockerfile -t xsim-cpu .
ARG BASE_IMAGE=debian:12
FROM ${BASE_IMAGE}
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends \
      python3.11 python3.11-venv g++ git ca-certificates libgl1 libglib2.0-0 libx11-6 libgomp1 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/xsim
COPY requirements.lock pyproject.toml ./
COPY deployments deployments
COPY xsim_core xsim_core
COPY tasks tasks
COPY flows flows
COPY prefect.yaml README.md* ./
# Also fetches Mesa's lavapipe when the base has no Vulkan driver that SAPIEN accepts.
RUN PYTHON=python3.11 bash deployments/setup/setup.sh /opt/venv
ENV PATH=/opt/venv/bin:$PATH XSIM_HOME=/data OMP_NUM_THREADS=1
RUN useradd --create-home xsim && mkdir /data && chown xsim /data
USER xsim
VOLUME /data
ENTRYPOINT ["xsim"]
CMD ["doctor"]
