// What canary uses of undici, for the bundle: without its fetch, caches and WebSockets it loads in a third of the time.
// As in undici's own index, the methods of its API are given to every dispatcher: its proxy agent calls them, too.
import api from 'undici/lib/api/index.js'
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js'
export { default as Agent } from 'undici/lib/dispatcher/agent.js'
export { default as Client } from 'undici/lib/dispatcher/client.js'
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js'

Object.assign(Dispatcher.prototype, api)
