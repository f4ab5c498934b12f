// Prints circles, crowded folders and repeated exported names of the sources: `npm run structure`.
import {
  crowdedFolders,
  fileCircles,
  folderCircles,
  importsOf,
  isInternal,
  repeatedNames,
  sources,
} from '../dist/test/support/import-graph.js';

const files = sources();
const imports = files.flatMap(importsOf).filter(isInternal);

for (const circle of fileCircles(imports)) console.log(`circle of files:\n  ${circle.join('\n  ')}`);
for (const circle of folderCircles(imports)) {
  console.log('circle of folders:');
  for (const { from, to, typeOnly } of imports) {
    const [here, there] = [from, to].map(file => file.slice(0, file.lastIndexOf('/')));
    if (here === there || !circle.includes(here) || !circle.includes(there)) continue;
    console.log(`  ${from} -> ${to}${typeOnly ? ' (types)' : ''}`);
  }
}
for (const { folder, files: count } of crowdedFolders(files, 10)) console.log(`${folder} has ${count} files`);
for (const [name, places] of Object.entries(repeatedNames(files))) console.log(`${name} is in ${places.join(', ')}`);
