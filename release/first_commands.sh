export CC_PROXY_AUTH_KEY='dev-key'
export OLLAMA_BASE_URL='http://host.docker.internal:11434'
export OLLAMA_TIMEOUT_SECONDS='120s'
cc-proxy start --config .cc-proxy/cc-proxy.user.yaml
curl -s -H "Authorization: Bearer dev-key" http://localhost:3456/health
cc-proxy stop
