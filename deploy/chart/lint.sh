#!/usr/bin/env bash
# Helm itself lints and renders the chart, with one server, a cluster, and everything on. Fetches Helm by Go: some minutes at first.
set -euo pipefail
cd "$(dirname "$0")"
helm=${HELM:-$(command -v helm || true)}
if [ -z "$helm" ]; then
  dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
  (cd "$dir" && export GOFLAGS=-mod=mod && go mod init helm && go get helm.sh/helm/v3@v3.19.0 && go build -o helm helm.sh/helm/v3/cmd/helm)
  helm=$dir/helm
fi
# A Helm that Go has built takes itself for one of Kubernetes 1.20.
must=(--kube-version 1.33.0 --set "model.claim=models,model.edge=3")
for set in server.replicas=1 server.replicas=3 "server.enabled=false,server.url=nats://elsewhere" \
  "serviceMonitor.enabled=true,dashboard.enabled=true,server.replicas=3,ui.hosts={fleet.example},gateway.members={gateway,second}"; do
  "$helm" lint --strict --quiet . "${must[@]}" --set "$set"
  "$helm" template fleet . "${must[@]}" --set "$set" >/dev/null
done
for wrong in server.replicas=2 "gateway.members={}" surprise=1 model.claim= server.enabled=false; do
  if "$helm" template fleet . "${must[@]}" --set "$wrong" >/dev/null 2>&1; then
    echo "$wrong is accepted"
    exit 1
  fi
done
echo "the chart is well"
