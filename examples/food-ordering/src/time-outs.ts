/**
 * Middy answers for a handler some milliseconds before Lambda's time-out, and the handler runs on in an environment that
 * lives: it would place its order after the answer was an error, outside any scope, on declared defaults. Left to Lambda,
 * a time-out ends the environment and all that it was doing.
 * https://middy.js.org/docs/intro/early-interrupt
 */
export const timeOutsAreLambdas = { timeoutEarlyInMillis: 0 } as const
