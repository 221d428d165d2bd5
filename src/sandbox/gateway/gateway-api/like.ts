/** Implementations of the Gateway API that the sandbox behaves like. */
export const LIKES = ['envoy-gateway', 'contour', 'traefik'] as const
export type Like = (typeof LIKES)[number]
