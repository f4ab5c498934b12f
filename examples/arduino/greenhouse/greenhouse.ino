// A greenhouse on a USB cable: it prints a line with the readings every second, and switches a relay on command.
// The configuration of the gateway is config/examples/arduino.yaml.

const int RELAY_PIN = 7;
const int SENSOR_PIN = A0;

char line[32];
byte length = 0;
bool tooLong = false;
uint32_t lastReading = 0;

void setup() {
  Serial.begin(115200);
  pinMode(RELAY_PIN, OUTPUT);
}

void command() {
  if (strcmp(line, "RELAY on") == 0) {
    digitalWrite(RELAY_PIN, HIGH);
    Serial.println("OK on");
  } else if (strcmp(line, "RELAY off") == 0) {
    digitalWrite(RELAY_PIN, LOW);
    Serial.println("OK off");
  } else {
    Serial.println("ERR unknown command");
  }
}

void loop() {
  while (Serial.available() > 0) {
    char c = Serial.read();
    if (c == '\n') {
      line[length] = 0;
      if (tooLong) {
        Serial.println("ERR line too long");
      } else {
        command();
      }
      length = 0;
      tooLong = false;
    } else if (length < sizeof(line) - 1) {
      line[length++] = c;
    } else {
      tooLong = true;
    }
  }
  // Compare the difference: millis() starts again at 0 after 49 days.
  if ((uint32_t)millis() - lastReading >= 1000) {
    lastReading = millis();
    Serial.print("MOISTURE ");
    Serial.println(analogRead(SENSOR_PIN) / 10.23, 1);
  }
}
