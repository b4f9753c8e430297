/** What a function downstream loads of Waybill: it reads decisions, and sends them on. */
export { declareFlags, keyRing, stampClient, withHonouredDecisions } from '@waybill/core'
