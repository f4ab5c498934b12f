// The parts of the Arduino core that the example sketches use, over standard input and output. An unchanged sketch runs
// on a computer.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <unistd.h>

typedef uint8_t byte;
enum { LOW, HIGH, OUTPUT = 1, A0 = 14 };

// A counter of 32 bits, as on a board. It starts at MILLIS_AT_START.
inline uint32_t millis() {
  using namespace std::chrono;
  static const auto start = steady_clock::now();
  static const char *begin = getenv("MILLIS_AT_START");
  return duration_cast<milliseconds>(steady_clock::now() - start).count() + (begin ? strtoul(begin, nullptr, 10) : 0);
}
inline void pinMode(int, int) {}
inline void digitalWrite(int, int) {}
inline int analogRead(int) { return 512 + (millis() / 1000) % 8; }

struct {
  void begin(long) { setvbuf(stdout, nullptr, _IOLBF, 0); }
  int available() {
    pollfd input = {0, POLLIN, 0};
    return poll(&input, 1, 1) > 0 ? 1 : 0;
  }
  int read() {
    unsigned char c;
    if (::read(0, &c, 1) != 1) _exit(0);
    return c;
  }
  void print(const char *text) { fputs(text, stdout); }
  void println(const char *text) { printf("%s\r\n", text); }
  void println(double value, int digits) { printf("%.*f\r\n", digits, value); }
} Serial;

void setup();
void loop();

int main() {
  for (setup();;) loop();
}
