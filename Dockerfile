# One static binary in an empty image: no shell, no package manager, no root.
#
#   docker build --build-arg VERSION=v1.2.3 -t webapp:v1.2.3 .
#
# The toolchain is an exact patch version: another one builds other bytes. docs/deployment.md
# says how to build them again.
#
# The tag grpcnotrace drops gRPC's debug pages, and html/template with them: a
# quarter of the binary.
#
# internal/e2e/deploytest runs the build command below unchanged, builds
# twice to compare the bytes, and runs the binary in an empty root.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags grpcnotrace -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/webapp ./cmd/webapp
RUN mkdir /out/data && \
    echo 'webapp:x:65532:65532::/:/none' >/out/passwd

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="webapp" \
      org.opencontainers.image.description="Signs people in with Microsoft Entra ID, or any other OpenID Provider" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/passwd /etc/passwd
# For SESSION_STORE=sqlite:/data/sessions.db, with a volume at /data. Nothing else
# is ever written: run it with a read-only root.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/webapp /webapp
ENV LISTEN_ADDR=:3000 LOG_FORMAT=json
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# No HEALTHCHECK: it would run inside the image, which has no HTTP client. Let the
# orchestrator and the proxy request /healthz; docs/deployment.md says why not /readyz.
ENTRYPOINT ["/webapp"]
