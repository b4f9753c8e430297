import { declareFlags } from '@waybill/core'

/** The flag of the smallest example: `hello` decides it, `world` honours it. */
export const greeting = declareFlags({
  'warm-greeting': { variations: { plain: 'world', warm: 'dear world' }, default: 'plain' },
})
