import { HELM_MAJORS, toolsFolder } from '../../scripts/tools.js'

/** Unpacks the real helm and kubectl binaries once, before any test needs them. */
export default async function setup(): Promise<void> {
  for (const major of HELM_MAJORS) await toolsFolder(major)
}
