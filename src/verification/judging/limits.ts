/** Headers of an answer that are read, all of them together, KiB; proxies pass on 60 by default. */
export const MAX_HEADER_KIB = 256
