import { dirname } from 'node:path'
import type { FunctionSettings } from './function-settings.ts'

/**
 * What a function sees in its environment: nothing of the host's own process but `PATH`, then the caller's variables,
 * then those that Lambda reserves.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export function environmentVariables(
  settings: FunctionSettings,
  runtimeApi: string,
  instanceId: string,
): Record<string, string> {
  const { name, entry, handler, env, memoryMb, managedInstances } = settings
  const region = env['AWS_REGION'] ?? 'us-east-1'
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    // In Managed Instances mode logs are always JSON.
    AWS_LAMBDA_LOG_FORMAT: managedInstances === undefined ? 'Text' : 'JSON',
    ...env,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb ?? 512),
    AWS_LAMBDA_INITIALIZATION_TYPE: managedInstances === undefined ? 'on-demand' : 'lambda-managed-instances',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${instanceId}`,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: dirname(entry),
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    _HANDLER: `.${handler}`,
    WAYBILL_LOCAL_ENTRY: entry,
    WAYBILL_LOCAL_HANDLER: handler,
    ...(managedInstances === undefined
      ? {}
      : {
          AWS_LAMBDA_MAX_CONCURRENCY: String(managedInstances),
          // The client starts 8 worker threads per core; one makes all invocations share one event loop.
          AWS_LAMBDA_NODEJS_WORKER_COUNT: env['AWS_LAMBDA_NODEJS_WORKER_COUNT'] ?? '1',
        }),
  }
}
