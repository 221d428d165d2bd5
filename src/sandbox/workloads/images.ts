export interface PullProblem {
  image: string
  /** Kubernetes' reason for a waiting container. */
  reason: 'InvalidImageName' | 'ErrImagePull'
  message: string
}

const REFERENCE =
  /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$/

/**
 * Why an image cannot be pulled. Any valid reference can, except for registries that end in `.invalid` and tags that
 * mean a missing image (`missing`, `does-not-exist`).
 */
export function pullProblem(image: string): PullProblem | undefined {
  if (!REFERENCE.test(image)) {
    return {
      image,
      reason: 'InvalidImageName',
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
    }
  }
  const [registry = ''] = image.split('/')
  const problem = /\.invalid(:\d+)?$/.test(registry)
    ? `dial tcp: lookup ${registry}: no such host`
    : /:(missing|does-not-exist)$/.test(image)
      ? `${image}: not found`
      : undefined
  if (problem === undefined) return undefined
  const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${problem}`
  return { image, reason: 'ErrImagePull', message }
}
