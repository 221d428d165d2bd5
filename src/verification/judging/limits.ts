/** Most KiB of headers read per answer; proxies pass on 60 by default. */
export const MAX_HEADER_KIB = 256
