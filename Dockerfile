# A MONAI application package (docs/adr/0080-the-image.md). `make image` builds it.
#
#   VARIANT   cpu, or gpu: with the packages of deploy/left-out-of-cpu.txt, and torch as the
#             package index gives it
#   VERSION, REVISION, MODELS   what the labels say; `make image` passes them
#
# Wheels in /wheels, where one is mounted for the build, are preferred to the package index.
# Pip's own settings (PIP_INDEX_URL, PIP_NO_INDEX, ...) can be passed as build arguments.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG VARIANT=cpu
ARG PIP_NO_INDEX
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_FIND_LINKS=/wheels
COPY requirements.txt deploy/left-out-of-cpu.txt deploy/runtime deploy/install /build/
RUN /build/install "$VARIANT" /build/requirements.txt /build/left-out-of-cpu.txt /opt/venv
COPY deploy/requirements-sbom.txt /build/
RUN python3 -m venv /build/sbom \
 && /build/sbom/bin/pip install --quiet --no-deps --requirement /build/requirements-sbom.txt \
 && /build/sbom/bin/cyclonedx-py environment --no-validate --output-reproducible \
        --output-format JSON --output-file /build/python.cdx.json /opt/venv/bin/python3

ENV PATH=/opt/venv/bin:$PATH
COPY __main__.py app.yaml /opt/holoscan/app/
COPY app /opt/holoscan/app/app
COPY operators /opt/holoscan/app/operators
COPY pacs /opt/holoscan/app/pacs
COPY phantom /opt/holoscan/app/phantom
COPY spine /opt/holoscan/app/spine
COPY models /opt/holoscan/models
COPY README.md LICENSE NOTICE CHANGELOG.md /opt/holoscan/docs/
COPY deploy/sbom.py deploy/image.sed /build/
RUN sed --in-place --file /build/image.sed /opt/holoscan/app/app.yaml \
 && python3 /opt/holoscan/app manifest --variant "$VARIANT" --models /opt/holoscan/models --output /etc/holoscan \
 && /build/sbom/bin/python3 /build/sbom.py /build/python.cdx.json /opt/holoscan/models /opt/holoscan/docs/sbom.cdx.json \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/holoscan/app

FROM ${PYTHON_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
ARG MODELS=unknown
LABEL org.opencontainers.image.title="SpineMAP" \
      org.opencontainers.image.description="Spine age and disc progression from spine MR; research use only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.nvidia.holoscan="4.6.0" \
      org.monai.deploy.app-sdk="4.0.0" \
      spinemap.models="${MODELS}"
RUN groupadd --gid 1000 holoscan \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /var/holoscan holoscan \
 && install -d -o 1000 -g 1000 /var/holoscan /var/holoscan/input /var/holoscan/output /var/lib/spinemap
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/holoscan /opt/holoscan
COPY --from=build /etc/holoscan /etc/holoscan
COPY --from=build /opt/holoscan/app/app.yaml /var/holoscan/
COPY deploy/tools /var/holoscan/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOLOSCAN_INPUT_PATH=/var/holoscan/input/ \
    HOLOSCAN_OUTPUT_PATH=/var/holoscan/output/ \
    HOLOSCAN_WORKDIR=/var/holoscan/ \
    HOLOSCAN_APPLICATION=/opt/holoscan/app/ \
    HOLOSCAN_MODEL_PATH=/opt/holoscan/models/ \
    HOLOSCAN_CONFIG_PATH=/var/holoscan/app.yaml \
    HOLOSCAN_APP_MANIFEST_PATH=/etc/holoscan/app.json \
    HOLOSCAN_PKG_MANIFEST_PATH=/etc/holoscan/pkg.json \
    HOLOSCAN_DOCS_PATH=/opt/holoscan/docs/ \
    HOLOSCAN_LOGS_PATH=/var/holoscan/logs/ \
    HOLOSCAN_TIMEOUT=0 \
    HOLOSCAN_VERSION="${VERSION}"
WORKDIR /var/holoscan
USER 1000:1000
ENTRYPOINT ["/var/holoscan/tools"]
