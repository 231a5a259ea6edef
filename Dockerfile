# The agent's image, from the folder that "npm run image" stages: the same content, settings and labels as its OCI archive.
#   npm run image -- --all && docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=0.1.0 .
FROM scratch
ARG TARGETARCH
ARG VERSION
LABEL org.opencontainers.image.title="support-bundle-schedule" \
      org.opencontainers.image.description="Collects Kubernetes support bundles on a schedule, unattended and safely, and proves that it did." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY build/image/rootfs-${TARGETARCH}/ /
ENV PATH=/usr/bin
WORKDIR /
USER 65532:65532
ENTRYPOINT ["/usr/bin/node"]
CMD ["/app/lib/agent.js", "--cluster", "--folder", "/tmp/agent"]
