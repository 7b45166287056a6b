#!/usr/bin/env bash
# Helm itself lints and renders the chart, with one server, a cluster, and everything on. Fetches Helm by Go: some minutes at first.
set -euo pipefail
cd "$(dirname "$0")"
helm=${HELM:-$(command -v helm || true)}
if [ -z "$helm" ]; then
  GOBIN=$(mktemp -d) && export GOBIN && trap 'rm -rf "$GOBIN"' EXIT
  (cd "$GOBIN" && GOFLAGS='' go install helm.sh/helm/v3/cmd/helm@v3.19.0)
  helm=$GOBIN/helm
fi
must=(--set "model.claim=models,model.edge=3")
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
