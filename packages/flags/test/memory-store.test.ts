import { describe, it } from 'vitest'
import { memoryStore } from '../src/memory-store.ts'
import { storeContract } from '../src/testing/store-contract.ts'

describe('the memory store', () => {
  for (const { name, run } of storeContract(async () => memoryStore())) it(name, run)
})
