// As much of the Arduino core as the example sketches use, over standard input and output, so that a sketch runs on a
// computer as it stands.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <unistd.h>

typedef uint8_t byte;
enum { LOW, HIGH, OUTPUT = 1, A0 = 14 };

inline unsigned long millis() {
  using namespace std::chrono;
  static const auto start = steady_clock::now();
  return duration_cast<milliseconds>(steady_clock::now() - start).count();
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
