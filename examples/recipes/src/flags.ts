import { declareFlags, keysFromEnvironment } from '@waybill/core'

export const flags = declareFlags({
  'new-order-flow': { variations: { control: false, canary: true }, default: 'control', observe: true },
})

// WAYBILL_KEYS="k1:$(openssl rand -base64 32)" and WAYBILL_SUBJECT_SECRET="$(openssl rand -base64 32)"
export const keys = keysFromEnvironment()
