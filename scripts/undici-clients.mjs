// What canary uses of undici, for the bundle: without its fetch, caches and WebSockets it loads in a third of the time.
export { default as Agent } from 'undici/lib/dispatcher/agent.js'
export { default as Client } from 'undici/lib/dispatcher/client.js'
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js'
