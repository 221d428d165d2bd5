#!/usr/bin/env bash
# The two-phased canary by hand: helm, kubectl and curl only, no canary. Proof that the sandbox carries the procedure
# that canary automates, and the baseline that the benchmark compares canary with.
# Usage: seed-procedure.sh CHART_FOLDER VALUES_FOLDER     (KUBECONFIG names the cluster)
set -euo pipefail
chart=$1
values=$2

say() { printf -- '-- %s\n' "$*"; }

# until_answer EXPECTED PATH [curl options]: asks until the answer is the expected one, 10 s at most.
until_answer() {
  local expected=$1 path=$2 answer
  shift 2
  for _ in $(seq 1 200); do
    answer=$(curl -s -m 5 "$@" "$proxy$path" || true)
    [ "$answer" = "$expected" ] && return 0
    sleep 0.05
  done
  echo "expected '$expected' from $path $*, still got '$answer'" >&2
  exit 1
}

proxy=$(kubectl get service gateway-proxy -n gloo-system \
  -o jsonpath='http://{.status.loadBalancer.ingress[0].ip}:{.spec.ports[0].port}')

kubectl apply -f - <<'YAML'
apiVersion: gateway.solo.io/v1
kind: VirtualService
metadata:
  name: app
  namespace: gloo-system
spec:
  virtualHost:
    domains:
      - '*'
    routes:
      - matchers:
          - prefix: /
        delegateAction:
          selector:
            labels:
              apiGroup: example
            namespaces:
              - '*'
YAML

say "step 1: install v1"
for app in echo foxtrot; do
  kubectl create namespace "$app"
  helm install "$app" "$chart" --namespace "$app" -f "$values/values-1.yaml"
  kubectl rollout status "deployment/$app-v1" -n "$app" --timeout 120s
  until_answer "version:$app-v1" "/$app"
done

say "step 2: deploy v2 beside it"
helm upgrade echo "$chart" --namespace echo -f "$values/values-2.yaml"
kubectl rollout status deployment/echo-v2 -n echo --timeout 120s
until_answer version:echo-v1 /echo

say "step 3: the header route"
helm upgrade echo "$chart" --namespace echo -f "$values/values-3.yaml"
until_answer version:echo-v2 /echo -H 'stage: canary'
until_answer version:echo-v1 /echo

say "step 4: half of the requests"
helm upgrade echo "$chart" --namespace echo -f "$values/values-4.yaml"
until_answer version:echo-v2 /echo
until_answer version:echo-v1 /echo
until_answer version:echo-v2 /echo -H 'stage: canary'

say "step 5: all of the requests"
helm upgrade echo "$chart" --namespace echo -f "$values/values-5.yaml"
until_answer version:echo-v2 /echo
until_answer version:echo-v2 /echo -H 'stage: canary'

say "step 6: decommission v1"
helm upgrade echo "$chart" --namespace echo -f "$values/values-6.yaml"
kubectl wait --for=delete pod -l app=echo,version=v1 -n echo --timeout 120s
until_answer version:echo-v2 /echo
until_answer version:foxtrot-v1 /foxtrot
say "done: $(helm history echo -n echo -o json | tr ',' '\n' | grep -c '"revision"') revisions of echo"
