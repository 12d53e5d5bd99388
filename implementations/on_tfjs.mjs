// TensorFlow.js on its CPU back end, which is JavaScript: tf.conv2dTranspose and conv3dTranspose for
// tf.nn.conv_transpose, tf.layers.conv2dTranspose and conv3dTranspose for the layers of tf.keras.
//
// Run as `node on_tfjs.mjs`; ADJOINT_TFJS names the folder whose node_modules has @tensorflow/tfjs.  This is
// the whole worker: it reads JSON lines and answers each by one.  What a page spells in Python's way is spelled
// in JavaScript's: kernel_size is kernelSize, 'channels_last' is 'channelsLast', and a function's "SAME" is
// 'same'.  Else an argument is passed as it is, and what there is no place for is `unsupported`.

import { Console } from "node:console";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr); // whoever prints writes to standard error
globalThis.console = new Console(process.stderr, process.stderr);

const tf = createRequire(join(process.env.ADJOINT_TFJS ?? process.cwd(), "x.js"))("@tensorflow/tfjs");

const FUNCTION = "tf.nn.conv_transpose";
const LAYERS = {
  "tf.keras.layers.Conv2DTranspose": tf.layers.conv2dTranspose,
  "tf.keras.layers.Conv3DTranspose": tf.layers.conv3dTranspose,
};
const BY_RANK = { 4: [tf.conv2dTranspose, "NHWC"], 5: [tf.conv3dTranspose, "NDHWC"] };
const MODULES = { initializer: tf.initializers, regularizer: tf.regularizers, constraint: tf.constraints };
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
const WEIGHTS = ["kernel", "bias"];
const SHOWN = {
  shapes: (layer) => layer.weights.map((weight) => weight.shape),
  dtypes: (layer) => layer.weights.map((weight) => weight.dtype),
  trainable: (layer) => layer.trainableWeights.length,
  name: (layer) => layer.name,
};
const UNSUPPORTED = {
  rank: "there is a conv2dTranspose and a conv3dTranspose, and none of another rank",
  dilations: "the functions have no argument for dilations",
  strides: "the functions have no argument for strides over batch or channels",
  "data-format": "the functions have no argument for the order of the axes: channels are last",
  argument: "the functions have no argument for a name, or of any other",
  "output-padding": "the layers have no argument for output_padding",
  callable: "an activation or a constraint is named, and can't be a function",
  "regularizer-name": "of the regularizers only 'l1l2' is known by its name",
  "activity-regularizer": "a layer with one says, when called, that it is not supported yet",
  gradient: "a kernel without a gradient function",
};
const BY_MESSAGE = {
  "regularizer-name": /^Unknown regularizer: l[12]\b/,
  "activity-regularizer": /presence of activity regularizer\(s\) is not supported yet/,
  gradient: /gradient function not found for/,
};

class Lacking extends Error {
  constructor(row) {
    super(UNSUPPORTED[row]);
    this.row = row;
  }
}

function started() {
  const observes = ["output", "gradient-input", "gradient-kernel", "gradient-bias", "between", "again", "later"];
  observes.push("after", "initial", "losses", "stepped", "declared", ...Object.keys(SHOWN));
  const apis = [FUNCTION, ...Object.keys(LAYERS)];
  const systems = { tfjs: tf.version.tfjs };
  const claims = { apis, dtypes: Object.keys(ARRAYS), systems, unsupported: UNSUPPORTED, observes };
  return { name: "tfjs", version: tf.version.tfjs, claims };
}

// The answer to `perform`, but for its id.
function performed(call) {
  let [stage, drawn] = ["construct", 1];
  Math.random = () => (drawn = (drawn * 48271) % 2147483647) / 2147483647; // weights are drawn alike in each run
  tf.engine().startScope();
  try {
    const seen = observed(call, (name) => (stage = name));
    return { outcome: "returned", observed: Object.fromEntries(call.observe.map((name) => [name, seen[name]])) };
  } catch (error) {
    const message = String(error?.message ?? error).slice(0, 2000);
    const row = error?.row ?? Object.keys(BY_MESSAGE).find((name) => BY_MESSAGE[name].test(message));
    if (row) return { outcome: "unsupported", unsupported: row, reason: message };
    const types = [];
    for (let kind = Object(error); kind?.constructor !== Object; kind = Object.getPrototypeOf(kind))
      if (!types.includes(kind.constructor.name)) types.push(kind.constructor.name);
    return { outcome: "raised", stage, types, message };
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
  }
}

// What a call shows, by name, as it goes over the wire.
function observed(call, stage) {
  const wanted = (name) => call.observe.includes(name);
  const arrays = map(call.tensors, decode);
  const given = map(arrays, tensor);
  const values = map(call.arguments, untag);
  const layer = call.api === FUNCTION ? null : built(LAYERS[call.api], values, given, stage);
  const seen = layer && wanted("initial") ? { initial: held(layer) } : {};
  stage("weights");
  const weights = WEIGHTS.filter((name) => name in given).map((name) => given[name]);
  if (layer && (weights.length || !wanted("initial"))) layer.setWeights(weights);
  const perform = layer ? (passed) => layer.apply(passed.input) : prepared(values, given);
  stage("call");
  const output = perform(given);
  stage("observe");
  seen.output = encode(output);
  if (wanted("gradient-input")) Object.assign(seen, gradients(layer, perform, given));
  for (const name in given) seen[`after-${name}`] = encode(given[name]);
  if (wanted("again")) Object.assign(seen, repeated(perform, arrays, given, output, values, stage));
  if (layer) Object.assign(seen, map(SHOWN, (show) => show(layer)));
  if (wanted("losses"))
    seen.losses = encode(tf.concat([tf.tensor1d([]), ...layer.calculateLosses().map((loss) => loss.flatten())]));
  if (wanted("declared")) seen.declared = layer.computeOutputShape(call.input_shape ?? given.input.shape);
  if (wanted("stepped")) {
    const loss = () => tf.sum(tf.mul(layer.apply(given.input), given.gradient));
    const trained = layer.trainableWeights.map((weight) => weight.read());
    tf.train.sgd(1).minimize(loss, false, trained); // what fit() of tf.LayersModel does with each batch
    seen.stepped = held(layer);
  }
  return seen;
}

// What calls the function with tensors.
function prepared({ output_shape, strides, padding = "SAME", data_format, dilations = 1, name, ...others }, given) {
  const rank = given.filters.rank;
  if (!(rank in BY_RANK)) throw new Lacking("rank");
  const [call, format] = BY_RANK[rank];
  if (name != null || Object.keys(others).length) throw new Lacking("argument");
  if ((data_format ?? format) !== format) throw new Lacking("data-format");
  const rates = [dilations ?? 1].flat();
  if (![1, rank - 2, rank].includes(rates.length) || rates.some((rate) => rate !== 1)) throw new Lacking("dilations");
  if (strides?.length === rank && (strides[0] !== 1 || strides.at(-1) !== 1)) throw new Lacking("strides");
  const inner = strides?.length === rank ? strides.slice(1, -1) : strides;
  const steps = inner?.length === 1 ? inner[0] : inner;
  const pad = typeof padding === "string" ? swapped(padding) : padding;
  const shape = given.output_shape ? given.output_shape.arraySync() : output_shape;
  return (passed) => call(passed.input, passed.filters, shape, steps, pad);
}

// The layer, constructed and built: for the input's shape, with as many channels as a given kernel takes.
function built(make, { output_padding, ...values }, given, stage) {
  if (output_padding != null) throw new Lacking("output-padding");
  const layer = make(Object.fromEntries(Object.entries(values).map(([name, value]) => [camel(name), value])));
  stage("build");
  const shape = [...given.input.shape];
  if (given.kernel) shape[values.data_format === "channelsFirst" ? 1 : shape.length - 1] = given.kernel.shape.at(-1);
  layer.build(shape);
  return layer;
}

function held(layer) {
  const names = WEIGHTS.filter((name) => layer[name] != null);
  return Object.fromEntries(names.map((name) => [name, encode(layer[name].read())]));
}

// The gradients of the sum of output * gradient by input, kernel and bias.
function gradients(layer, perform, given) {
  const input = tf.variable(given.input);
  const weights = layer ? layer.trainableWeights.map((weight) => weight.read()) : [tf.variable(given.filters)];
  const all = [input, ...weights];
  const loss = () => tf.sum(tf.mul(perform({ input, filters: weights[0] }), given.gradient));
  const { grads } = tf.variableGrads(loss, all);
  return Object.fromEntries(all.map((one, j) => [`gradient-${["input", ...WEIGHTS][j]}`, encode(grads[one.name])]));
}

// What a call returns after others, and what its first output holds then.
function repeated(perform, arrays, given, first, values, stage) {
  stage("call");
  const opposite = map(arrays, (array) => ({ ...array, data: array.data.map((number) => -number) }));
  const other = map({ ...arrays, input: opposite.input }, tensor);
  const between = encode(perform(other));
  const isBatched = given.input.rank === Math.max(...Object.values(given).map(({ rank }) => rank));
  const isDoubled = isBatched && !("output_shape" in values);
  const input = isDoubled ? tf.concat([given.input, other.input]) : given.input;
  perform({ ...map(opposite, tensor), input });
  const again = encode(perform(given));
  perform(other); // a buffer of the first output holds other numbers from here on
  stage("observe");
  for (const { data } of Object.values(arrays)) data.fill(0); // an output that shares it is so no longer
  return { between, again, later: encode(first) };
}

const map = (table, act) =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [name, act(value, name)]));
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const swapped = (text) =>
  text.replace(/[a-z]/gi, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));

// The value of an argument; what is named in it is spelled in JavaScript's way, but for a layer's own name.
function untag(value, argument) {
  if (Array.isArray(value)) return value.map((item) => untag(item, argument));
  if (typeof value === "string") return argument === "name" ? value : camel(value);
  if (value === null || typeof value !== "object") return value;
  if ("$tuple" in value) return untag(value.$tuple, argument);
  if ("$int" in value) return Number(value.$int);
  if ("$float" in value) return Number(value.$float.replace("inf", "Infinity"));
  if ("$callable" in value) throw new Lacking("callable");
  const [kind, settings] = value.$object;
  const module = MODULES[argument.split("_").at(-1)];
  return module[Object.keys(module).find((name) => name.toLowerCase() === kind.toLowerCase())](settings);
}

// A tensor that shares the memory of an array.
const tensor = ({ data, shape, dtype }) => tf.tensor(data, shape, dtype);

// The array of a specification: of the layouts, `offset` is one that JavaScript has.
function decode({ dtype, shape, data, make, layout }) {
  const size = shape.reduce((product, length) => product * length, 1);
  const before = layout === "offset" ? 1 : 0;
  const whole = new ARRAYS[dtype](size + 2 * before);
  new Uint8Array(whole.buffer).fill(255);
  const array = whole.subarray(before, before + size);
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (make) array.forEach((_, j) => (array[j] = integer(make, j)));
  else bytes.set(Buffer.from(data, "base64"));
  return { dtype, shape, data: array };
}

// An integer drawn by SplitMix64 from the flat index.
function integer({ low, high, seed }, index) {
  const wrap = (number) => BigInt.asUintN(64, number);
  let z = wrap(BigInt(seed) + BigInt(index + 1) * 0x9e3779b97f4a7c15n);
  z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return Number(((z ^ (z >> 31n)) % (BigInt(high) - BigInt(low) + 1n)) + BigInt(low));
}

// The specification of a tensor; one whose shape is none, as 7.5 is no size, is shown as its elements in a row.
function encode(tensor) {
  const { buffer, byteOffset, byteLength, length } = tensor.dataSync();
  const shape = tensor.shape.every((size) => Number.isInteger(size) && size >= 0) ? tensor.shape : [length];
  return { dtype: tensor.dtype, shape, data: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

// Ends this process once the one that started it is gone, whatever it is busy with.
const watch = `setInterval(() => process.ppid === ${process.ppid} || process.kill(process.pid, "SIGKILL"), 1000)`;
new Worker(watch, { eval: true }).unref();

await tf.setBackend("cpu");
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line.replace(/"(seed|low|high)": *(-?\d+)/g, '"$1":"$2"')); // of 64 bits
  if (message.do === "stop") break;
  const said = message.do === "start" ? started() : { ...performed(message.call), id: message.id };
  answer(JSON.stringify(said) + "\n");
}
process.exit();
