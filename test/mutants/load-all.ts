// What is loaded only when it is called would have its constants counted to the one test that calls it first.
import '../../packages/oncekey/src/features/commit.ts'
import '../../packages/oncekey/src/features/step.ts'
import '../../packages/oncekey/src/stores/dynamodb/chunks.ts'
import '../../packages/oncekey/src/stores/dynamodb/commit.ts'
import '../../packages/oncekey/src/stores/dynamodb/store.ts'
