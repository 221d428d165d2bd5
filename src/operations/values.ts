import { ConflictError } from '../model/errors.js'
import type { JsonObject } from '../model/values.js'
import type { AppRequest, OperationContext } from './context.js'
import { observe } from './observe.js'

/** The complete values of the deployed revision. */
export async function observedValues(context: OperationContext, request: AppRequest): Promise<JsonObject> {
  const { app, deployed } = await observe(context, request)
  if (deployed) return deployed.config
  throw new ConflictError(`There is no deployed release named ${app}.`, {
    nextSteps: [
      `canary values ${app} --stage stable --primary v1    (values of a stage, without a cluster)`,
      'canary status    (lists the apps there are)',
    ],
  })
}
