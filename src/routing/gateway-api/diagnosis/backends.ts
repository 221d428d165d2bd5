import type { GatewayRule } from './facts.js'

export const BACKENDS: GatewayRule[] = []
