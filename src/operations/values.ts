import type { JsonObject } from '../model/values.js'
import type { AppRequest, OperationContext } from './context.js'
import { observe, requireThere } from './observe/observe.js'

/** The complete values of the deployed revision. Throws ConflictError if there is none. */
export async function observedValues(context: OperationContext, request: AppRequest): Promise<JsonObject> {
  const { deployed } = await requireThere(context, await observe(context, request))
  return deployed.config
}
