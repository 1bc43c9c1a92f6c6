// Runs an exported model in ONNX Runtime (tools/peers/setup.sh installs it):
//   node tools/onnx/run.mjs MODEL.onnx PICTURES.f32 HEIGHT WIDTH BATCH... >OUTPUT.f32
// PICTURES holds float32 [n, 3, HEIGHT, WIDTH], little-endian. For each BATCH the model runs once on
// as many of the first pictures, and its output follows on standard output. Exit code 77: there is
// no ONNX Runtime.
import {readFileSync, writeSync} from 'node:fs';
import {createRequire} from 'node:module';

const [model, pictures, height, width, ...batches] = process.argv.slice(2);
let ort;
try {
  ort = createRequire(new URL('../../build/peers/package.json', import.meta.url))('onnxruntime-node');
} catch (error) {
  console.error(`no ONNX Runtime: ${error.message.split('\n')[0]}; run tools/peers/setup.sh`);
  process.exit(77);
}

function writeAll(bytes) {
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

const bytes = readFileSync(pictures);
const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1});
for (const batch of batches.map(Number)) {
  const shape = [batch, 3, Number(height), Number(width)];
  const used = values.subarray(0, shape.reduce((product, size) => product * size));
  const answers = await session.run({picture: new ort.Tensor('float32', used, shape)});
  const {data} = answers[session.outputNames[0]];
  writeAll(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
}
