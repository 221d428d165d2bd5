import { describe, expect, test } from 'vitest'
import { pullProblem } from '../../../../src/sandbox/workloads/images.js'

describe('images', () => {
  test.each([
    'hashicorp/http-echo',
    'nginx',
    'nginx:1.27',
    'registry.example.com:5000/team/app:v1.2-rc.1',
    `ghcr.io/team/app@sha256:${'a'.repeat(64)}`,
  ])('%s can be pulled', (image) => {
    expect(pullProblem(image)).toBeUndefined()
  })

  test.each([
    ['a registry that is not there', 'registry.invalid/echo:1', 'ErrImagePull', /lookup registry\.invalid/],
    ['one with a port', 'registry.invalid:5000/echo', 'ErrImagePull', /no such host/],
    ['a tag that says so', 'example/echo:missing', 'ErrImagePull', /example\/echo:missing: not found/],
    ['the other such tag', 'example/echo:does-not-exist', 'ErrImagePull', /not found/],
    ['upper case', 'Example/Echo', 'InvalidImageName', /couldn't parse image name "Example\/Echo"/],
    ['a space', 'my echo', 'InvalidImageName', /invalid reference format/],
    ['nothing', '', 'InvalidImageName', /invalid reference format/],
  ])('%s cannot', (_, image, reason, message) => {
    expect(pullProblem(image)).toEqual({ image, reason, message: expect.stringMatching(message) })
  })
})
