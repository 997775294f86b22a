# The image of flora-runtime, with flora beside it.
#
#   docker buildx build --build-arg VERSION=v1.2.3 --tag flora .
#
# What runs in it, and what it may write: docs/container.md. The base images are
# named by tags, so that a new build takes their fixes; releases are named by
# the digests that they were pushed with.

# The binaries are built on the builder's own architecture, for the image's.
FROM --platform=$BUILDPLATFORM golang:1.26-trixie AS build
ARG TARGETARCH
RUN if [ "$TARGETARCH" != "$(go env GOHOSTARCH)" ]; then \
      case "$TARGETARCH" in \
        amd64) compiler=g++-x86-64-linux-gnu ;; \
        arm64) compiler=g++-aarch64-linux-gnu ;; \
        *) echo "there is no V8 for $TARGETARCH: build for linux/amd64 or linux/arm64" >&2; exit 1 ;; \
      esac && \
      apt-get update && apt-get install -y --no-install-recommends "$compiler" && rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /src
COPY . .
ARG VERSION=dev
# V8's archive comes with the Go modules, only that of this architecture.
ENV GOCACHE=/go/build
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/build \
    make build-$TARGETARCH VERSION="$VERSION"

# glibc, and no older one than that of the build stage.
FROM debian:trixie-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates libgcc-s1 libstdc++6 && \
    rm -rf /var/lib/apt/lists/*
RUN printf 'flora:x:65532:\n' >>/etc/group && \
    printf 'flora:x:65532:65532::/var/lib/flora:/usr/sbin/nologin\n' >>/etc/passwd && \
    install -d -o 65532 -g 65532 -m 0700 /var/lib/flora && \
    install -d /etc/flora
ARG TARGETARCH
COPY --from=build /src/bin/linux-$TARGETARCH/ /usr/local/bin/

# A config.toml is read from here, if there is one.
WORKDIR /etc/flora
ENV FLORA_DATA_DIR=/var/lib/flora FLORA_LOG_FORMAT=json
VOLUME /var/lib/flora
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# Whether the process answers; with --ready it is whether it serves.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["flora-runtime", "health"]
ENTRYPOINT ["flora-runtime"]
CMD ["serve"]
