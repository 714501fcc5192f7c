# Not an image to use: a Debian that has its own Python, git and make and nothing else, on which
# set-up is tried as an ordinary user and as root. docker/check.sh fresh builds it.
ARG BASE_IMAGE=debian:12
FROM ${BASE_IMAGE}
ARG PIP_INDEX_URL
ARG PIP_FIND_LINKS
ARG XSIM_TORCH_INDEX_URL
RUN apt-get update -q && apt-get install -y -q --no-install-recommends python3 git make ca-certificates
RUN useradd --create-home ada
COPY --chown=ada . /home/ada/xsim
COPY . /root/xsim
USER ada
WORKDIR /home/ada/xsim
# An ordinary user is told what is missing, in one sentence, and nothing is left behind.
RUN if make setup 2>said; then exit 1; fi; cat said; \
    grep -q "^setup: missing here: python3\.1[1-3]-venv g++; an administrator" said && test ! -e .venv
USER root
WORKDIR /root/xsim
# Root gets it installed.
RUN export HOME=/root && make setup && .venv/bin/xsim doctor && rm -rf .venv
USER ada
WORKDIR /home/ada/xsim
RUN export HOME=/home/ada && make setup && .venv/bin/xsim doctor && make setup
CMD [".venv/bin/xsim", "doctor"]
