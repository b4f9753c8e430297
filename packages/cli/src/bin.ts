#!/usr/bin/env node
import { run } from './run.ts'
import { processTerminal } from './terminal.ts'

// Whoever reads us may have seen enough: `waybill flags list | head -1`.
const failed = (error: NodeJS.ErrnoException): never => process.exit(error.code === 'EPIPE' ? 0 : 1)
process.stdout.on('error', failed)

const exitCode = await run(process.argv.slice(2), processTerminal())
// A store that hangs may hold sockets open: once everything is written there is nothing to wait for.
process.stdout.write('', (error) => (error ? failed(error) : process.stderr.write('', () => process.exit(exitCode))))
