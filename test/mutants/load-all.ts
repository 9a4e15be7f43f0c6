// What is loaded only when it is called would have its constants counted to the one test that calls it first.
import '../../packages/oncekey/src/protocol/compress.ts'
import '../../packages/oncekey/src/stores/dynamodb/chunks.ts'
import '../../packages/oncekey/src/stores/dynamodb/commit.ts'
import '../../packages/oncekey/src/stores/dynamodb/index.ts'
