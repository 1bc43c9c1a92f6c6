// Times ONNX Runtime on a model that export_onnx.py wrote. Prints one line of JSON.
//   node tools/peers/run_ort.mjs build/peers/XS.onnx --threads 2 --runs 50
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, resolve} from 'node:path';
import {parseArgs} from 'node:util';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    threads: {type: 'string', default: '1'},
    runs: {type: 'string', default: '50'},
    warmup: {type: 'string', default: '10'},
  },
});
const model = resolve(positionals[0]);
// The package lies beside the models, where setup.sh put it.
const require = createRequire(resolve(dirname(model), 'package.json'));
const ort = require('onnxruntime-node');
const {version} = require('onnxruntime-node/package.json');

function floats(suffix) {
  const bytes = readFileSync(model.replace(/\.onnx$/, suffix));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function quantile(sorted, q) {
  return Number(sorted[Math.round(q * (sorted.length - 1))].toFixed(3));
}

const session = await ort.InferenceSession.create(model, {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  intraOpNumThreads: Number(values.threads),
  interOpNumThreads: 1,
});
const feeds = {picture: new ort.Tensor('float32', floats('.input.f32'), [1, 3, 256, 256])};
const run = async () => (await session.run(feeds)).coordinates.data;

const expected = floats('.expected.f32');
const answer = await run();
const difference = Math.max(...expected.map((value, i) => Math.abs(value - answer[i])));
for (let i = 0; i < Number(values.warmup); ++i) await run();
const times = [];
for (let i = 0; i < Number(values.runs); ++i) {
  const start = performance.now();
  await run();
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({
  engine: 'onnxruntime',
  version,
  model: positionals[0],
  threads: Number(values.threads),
  runs: times.length,
  median_ms: quantile(times, 0.5),
  p10_ms: quantile(times, 0.1),
  p90_ms: quantile(times, 0.9),
  max_difference_cells: Number(difference.toExponential(2)),
}));
