/** What a function at the end of a chain loads of Waybill: it reads decisions, and sends nothing on. */
export { declareFlags, keyRing, withHonouredDecisions } from '@waybill/core'
