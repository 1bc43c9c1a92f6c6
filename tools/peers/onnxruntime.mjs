#!/usr/bin/env node
// ONNX Runtime as a peer of `convnextpose bench`; README.md says what is spoken.
import {readSync, writeSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

let unread = Buffer.alloc(0);

function more() {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const bytes = readSync(0, chunk, 0, chunk.length, null);
  unread = Buffer.concat([unread, chunk.subarray(0, bytes)]);
  return bytes > 0;
}

function take(length) {
  const taken = unread.subarray(0, length);
  unread = unread.subarray(length);
  return taken;
}

function readLine() {
  while (unread.indexOf('\n') < 0) {
    if (!more()) return null;
  }
  return take(unread.indexOf('\n') + 1).toString();
}

function readBytes(length) {
  while (unread.length < length && more()) { /* until all of it is here */ }
  return take(length);
}

function readFloats(count) {
  return new Float32Array(new Uint8Array(readBytes(4 * count)).buffer);
}

function answer(object) {
  const bytes = Buffer.from(JSON.stringify(object) + '\n');
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

// Where setup.sh puts it.
function load() {
  const folder = fileURLToPath(new URL('../../build/peers/', import.meta.url));
  const require = createRequire(folder);
  try {
    return [require('onnxruntime-node'), require('onnxruntime-node/package.json').version];
  } catch {
    throw new Error('absent: onnxruntime-node is not installed; run tools/peers/setup.sh');
  }
}

try {
  const [ort, version] = load();
  const task = JSON.parse(readLine());
  const model = readBytes(task.model_bytes);
  const count = task.input.reduce((a, b) => a * b);
  const feeds = {picture: new ort.Tensor('float32', readFloats(count), task.input)};
  const session = await ort.InferenceSession.create(new Uint8Array(model), {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: task.threads,
    interOpNumThreads: 1,
  });
  answer({version, settings: 'all graph optimisations, threads that spin'});
  for (let line = readLine(); line !== null; line = readLine()) {
    const ms = [];
    let outputs;
    for (let i = Number(line); i > 0; --i) {
      const start = performance.now();
      outputs = await session.run(feeds);
      ms.push(performance.now() - start);
    }
    answer({ms, coordinates: Array.from(outputs.coordinates.data)});
  }
} catch (error) {
  answer({error: error.message.replaceAll('\n', ' ')});
  process.exit(1);
}
