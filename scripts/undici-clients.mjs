// What canary uses of undici, for the bundle: without its fetch, caches and WebSockets it loads in a third of the time.
// As undici's own index does, the method `request` is given to every dispatcher.
import request from 'undici/lib/api/api-request.js'
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js'
export { default as Agent } from 'undici/lib/dispatcher/agent.js'
export { default as Client } from 'undici/lib/dispatcher/client.js'
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js'

Object.assign(Dispatcher.prototype, { request })
