/** Headers of an answer that are read, all of them together, KiB; Envoy passes on 60 where nothing else is set. */
export const MAX_HEADER_KIB = 256
