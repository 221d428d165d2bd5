/**
 * Which images the sandbox can pull: any well-formed reference, but for registries that end in `.invalid` and tags that
 * say they are not there (`missing`, `does-not-exist`).
 */
export type PullProblem = { reason: 'InvalidImageName' | 'ErrImagePull'; message: string } | undefined

const REFERENCE =
  /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$/

export function pullProblem(image: string): PullProblem {
  if (!REFERENCE.test(image)) {
    return {
      reason: 'InvalidImageName',
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
    }
  }
  const [registry = ''] = image.split('/')
  if (/\.invalid(:\d+)?$/.test(registry)) {
    return {
      reason: 'ErrImagePull',
      message: `failed to pull and unpack image "${image}": failed to resolve reference "${image}": dial tcp: lookup ${registry}: no such host`,
    }
  }
  if (/:(missing|does-not-exist)$/.test(image)) {
    return {
      reason: 'ErrImagePull',
      message: `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
    }
  }
  return undefined
}
