import type { GatewayRule } from './facts.js'

export const ROUTES: GatewayRule[] = []
