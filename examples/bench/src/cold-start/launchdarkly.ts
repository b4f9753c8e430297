export { init } from '@launchdarkly/node-server-sdk'
