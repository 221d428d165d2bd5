import type { GatewayRule } from './facts.js'

export const CONTROLLER: GatewayRule[] = []
