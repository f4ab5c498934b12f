/** The page. */
export function App() {
  return <h1>wampway</h1>;
}
